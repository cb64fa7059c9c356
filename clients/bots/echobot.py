"""echobot: accepts everybody and says back what it hears. `python -m bots.echobot --help` tells how to run it."""

from cwtch_client.bot import Bot, ContactRequest, IncomingMessage

bot = Bot("echobot")


@bot.on_request
def welcome(request: ContactRequest) -> None:
    request.accept()


@bot.on_message
def echo(message: IncomingMessage) -> None:
    message.reply(message.text)


if __name__ == "__main__":
    bot.run()

"""cwtch_tui: the terminal interface of a Cwtch daemon, on textual.

Rules: what the person sees is a State, made anew by a pure function from what happened; it reacts to the daemon's events and asks
nothing on a timer; what others wrote reaches the terminal only through `text`.
"""

"""The command line of a Cwtch daemon: one command for each method of the API, one file for each noun."""

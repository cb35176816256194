"""The open placement benchmark: instances as files, real allocation policies beside the optimum, a judge for all.

`instance` writes and reads instances, `families` makes them, `judge` scores an answer without any solver, `run` puts
policies, the optimum and other people's answers on one board, `board` shows it.
"""

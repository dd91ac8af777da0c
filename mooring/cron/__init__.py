"""Jobs that run on time: the timers of an app, and how its runs ended."""

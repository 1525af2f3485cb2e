"""One request -> a report: the body and its context are read, the rules run, the findings get their places."""

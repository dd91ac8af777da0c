"""From a push or a command to a release that serves: markers, stages, sources, and what is done to an app."""

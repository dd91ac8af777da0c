"""The databases and caches beside the apps: kinds, which are folders of data, and services, which are units."""

"""What the world reaches: host names, and nginx's file of an app."""

"""From a path to lines of UTF-8: folders, archives, packings, encodings."""

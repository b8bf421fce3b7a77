"""Events out in the shapes that others read, one module a shape."""

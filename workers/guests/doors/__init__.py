"""The ways in which a guest is reached: a process, a server, a file, an object of this process."""

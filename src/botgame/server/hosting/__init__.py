"""The running server: sockets, pages, real time, and the thread of the bots."""

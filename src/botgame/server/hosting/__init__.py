"""The running server: sockets, pages, real time, and the threads of the bots."""

//! Control as its clients and its agent meet it: the real sockets, files and routes, with a double
//! of the agent at the other end of its socket.

mod bench;
mod files;
mod flows;
mod prometheus;
mod rest;
mod steering;

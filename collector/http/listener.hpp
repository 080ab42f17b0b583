// What the system is asked for before the first connection comes.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <string>

namespace collector::http {

/// As many files as this process may have at all.
std::size_t raise_file_limit();

/// A listening socket that does not block, or -1.
int listen_on(const std::string& host, int port);

/// -1 when there is none.
int port_of(int socket);

/// The address without its port.
std::string text_of(const sockaddr_storage& address);

}  // namespace collector::http

// Sockets by the names that POSIX and Windows do not share.
#pragma once

#if defined(_WIN32)
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

#include <cstddef>

namespace pulsekit::test {

#if defined(_WIN32)

using Socket = SOCKET;
inline constexpr Socket kNoSocket = INVALID_SOCKET;

inline Socket open_socket() {
    static const int started = [] {
        WSADATA data;
        return ::WSAStartup(MAKEWORD(2, 2), &data);
    }();
    return started == 0 ? ::socket(AF_INET, SOCK_STREAM, 0) : kNoSocket;
}
inline void close_socket(Socket socket) { ::closesocket(socket); }
inline int poll_socket(pollfd& wanted, int patience_ms) { return ::WSAPoll(&wanted, 1, patience_ms); }
inline int send_some(Socket socket, const char* bytes, std::size_t size) {
    return ::send(socket, bytes, static_cast<int>(size), 0);
}

#else

using Socket = int;
inline constexpr Socket kNoSocket = -1;

inline Socket open_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }
inline void close_socket(Socket socket) { ::close(socket); }
inline int poll_socket(pollfd& wanted, int patience_ms) { return ::poll(&wanted, 1, patience_ms); }
inline auto send_some(Socket socket, const char* bytes, std::size_t size) {
    return ::send(socket, bytes, size, MSG_NOSIGNAL);
}

#endif

}  // namespace pulsekit::test

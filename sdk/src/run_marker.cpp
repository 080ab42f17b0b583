#include "src/run_marker.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include "src/files.hpp"

namespace pulsekit {

// Plain words: a signal handler writes one of them.
struct RunMarker::Content {
    std::uint64_t magic;
    std::array<std::uint8_t, 16> session;
    std::atomic<std::uint32_t> clean;  // two threads may close
    std::atomic<std::int32_t> signal;
};

namespace {

constexpr std::uint64_t kMagic = 0x314e55524b50;  // "PKRUN1"
constexpr std::size_t kFileBytes = 4096;

// A handler has no argument to find its markers by: this and libcurl's initialisation are the SDK's only globals.
constexpr int kMarkers = 16;
std::atomic<std::atomic<std::int32_t>*> noted[kMarkers];
constexpr int kFatal[] = {SIGSEGV, SIGABRT, SIGFPE, SIGILL,
#if !defined(_WIN32)
                          SIGBUS
#endif
};

#if defined(_WIN32)
void on_fatal(int number) {
    for (auto& slot : noted) {
        if (auto* signal = slot.load()) signal->store(number);
    }
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void install() {
    for (const int number : kFatal) std::signal(number, on_fatal);
}
#else
struct sigaction before[sizeof kFatal / sizeof kFatal[0]];

/// Notes the signal, puts back what was there before and lets the signal come again: the application's own handler, or
/// the system's, sees it as if we had not been there.
void on_fatal(int number, siginfo_t* info, void*) {
    for (auto& slot : noted) {
        if (auto* signal = slot.load()) signal->store(number);
    }
    for (std::size_t i = 0; i < sizeof kFatal / sizeof kFatal[0]; ++i) {
        if (kFatal[i] == number) ::sigaction(number, &before[i], nullptr);
    }
    // A fault happens again by itself when we return; a signal that somebody sent has to be sent again.
    if (info->si_code <= 0) ::raise(number);
}

void install() {
    struct sigaction action {};
    action.sa_sigaction = on_fatal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < sizeof kFatal / sizeof kFatal[0]; ++i) ::sigaction(kFatal[i], &action, &before[i]);
}
#endif

}  // namespace

RunMarker::Content& RunMarker::content() const noexcept { return *reinterpret_cast<Content*>(file_.data()); }

Result<RunMarker> RunMarker::open(const std::string& path) {
    PreviousRun previous;
    auto file = MappedFile::open(path);
    if (!file || file->size() < sizeof(Content)) {
        if (file) const MappedFile unmapped = std::move(*file);  // Windows deletes no file that is mapped
        std::error_code ignored;
        std::filesystem::remove(native_path(path), ignored);
        file = MappedFile::create(path, kFileBytes);
        if (!file) return std::move(file).error();
    } else if (const auto* found = reinterpret_cast<const Content*>(file->data()); found->magic == kMagic) {
        previous.end = found->clean.load() != 0 ? PreviousRun::End::clean : PreviousRun::End::abnormal;
        previous.session_id = Uuid{found->session}.text();
        // One that the application survived was not fatal.
        if (previous.end == PreviousRun::End::abnormal) previous.signal = found->signal.load();
    }
    RunMarker marker(std::move(*file), std::move(previous));
    Content& content = marker.content();
    content.clean.store(0);
    content.signal.store(0);
    content.session = {};
    content.magic = kMagic;
    return marker;
}

RunMarker::RunMarker(RunMarker&& other) noexcept
    : file_(std::move(other.file_)),
      previous_(std::move(other.previous_)),
      handler_slot_(std::exchange(other.handler_slot_, -1)) {}

RunMarker::~RunMarker() {
    if (handler_slot_ >= 0) noted[handler_slot_].store(nullptr);
}

void RunMarker::set_session(const Uuid& session) noexcept { content().session = session.bytes; }
void RunMarker::set_clean() noexcept { content().clean.store(1); }

void RunMarker::note_fatal_signals() {
    static std::once_flag once;
    std::call_once(once, install);
    for (int i = 0; i < kMarkers; ++i) {
        std::atomic<std::int32_t>* free = nullptr;
        if (noted[i].compare_exchange_strong(free, &content().signal)) {
            handler_slot_ = i;
            return;
        }
    }
}

}  // namespace pulsekit

#include <utility>

#include "src/thread_exit.hpp"

namespace pulsekit {
namespace {

// Plain: some other object that goes with the thread may still track when `end` has gone.
thread_local PerThread* object = nullptr;

struct End {
    ~End() { delete std::exchange(object, nullptr); }
};

}  // namespace

PerThread& per_thread(std::unique_ptr<PerThread> (*make)()) {
    thread_local End end;
    if (!object) object = make().release();
    return *object;
}

}  // namespace pulsekit

#include <windows.h>

#include "src/thread_exit.hpp"

namespace pulsekit {
namespace {

/// Not thread_local: mingw gives a thread's emulated storage back before it destroys what lies in it. And no function
/// of the loader's, such as DLL_THREAD_DETACH: it runs under the loader's lock, and giving a ring back takes another.
struct Slots {
    DWORD object = ::TlsAlloc();
    DWORD end = ::FlsAlloc(on_end);

    ~Slots() {
        // When the library is unloaded: what is called at the end of a thread goes with it.
        ::FlsFree(end);
        ::TlsFree(object);
    }
    static void NTAPI on_end(void* ended);
};

Slots& slots() {
    static Slots only;
    return only;
}

void NTAPI Slots::on_end(void* ended) {
    // Also called when a fiber is deleted: the thread that the object belongs to may go on with it.
    if (::IsThreadAFiber() || ::TlsGetValue(slots().object) != ended) return;
    ::TlsSetValue(slots().object, nullptr);
    delete static_cast<PerThread*>(ended);
}

}  // namespace

PerThread& per_thread(std::unique_ptr<PerThread> (*make)()) {
    if (void* known = ::TlsGetValue(slots().object)) return *static_cast<PerThread*>(known);
    PerThread* made = make().release();
    ::TlsSetValue(slots().object, made);
    ::FlsSetValue(slots().end, made);
    return *made;
}

}  // namespace pulsekit

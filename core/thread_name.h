// What a thread is called in top -H, gdb and perf.
#pragma once

#include <pthread.h>

namespace tenure {

// At most 15 characters: a longer one is not taken.
inline void name_this_thread(const char* name) { (void)::pthread_setname_np(::pthread_self(), name); }

}  // namespace tenure

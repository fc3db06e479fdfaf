/* What the operating system says about this process. Any thread; each answer is read anew. */
#ifndef UI_PROCESS_H
#define UI_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* -1 where it cannot be told. */
int64_t process_resident_bytes(void);
int64_t process_peak_resident_bytes(void);
int64_t process_virtual_bytes(void);
int64_t process_open_descriptors(void);
int64_t process_threads(void);
double process_cpu_seconds(void);
int process_cores(void);
int64_t process_memory_bytes(void); /* of the machine */

struct process_thread {
    int64_t id;
    char state; /* of /proc: R, S, D, T ... */
    char name[32];
};

/* The threads of this process, the first one first, up to max. Returns how many. */
size_t process_list_threads(struct process_thread *threads, size_t max);

/* Name and version of the i-th library that the page's server runs with, as the library itself says it; NULL past the
 * last. */
const char *process_library(size_t i, const char **version);

#endif

/* What the operating system says about this process. Any thread; each answer is read anew. */
#ifndef UI_PROCESS_H
#define UI_PROCESS_H

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

#endif

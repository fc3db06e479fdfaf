/* CRC-32C (Castagnoli; RFC 3720 appendix B.4), by the CPU's instruction where it has one. Any thread. */
#ifndef COMMON_CRC32C_H
#define COMMON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue crc (0 at first) over len bytes. */
uint32_t crc32c_update(uint32_t crc, const void *data, size_t len);

/* The same without the instruction, so that a test on any machine compares both ways. */
uint32_t crc32c_update_portable(uint32_t crc, const void *data, size_t len);

#endif

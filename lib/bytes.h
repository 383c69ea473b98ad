/* bytes: amounts of bytes and rates, as people write and read them. Pure. Units are decimal: 1 kB is 1000 bytes, 1 KiB is 1024. */
#ifndef AOB_BYTES_H
#define AOB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

#define BYTES_TEXT_SIZE 32

/* bytes_text: three digits: "0 B", "999 B", "1.60 GB", "23.4 MB". Returns out. */
const char *bytes_text(uint64_t bytes, char *out, size_t size);

/* bytes_unit: how many bytes "kB", "GiB" and the like stand for. */
bool bytes_unit(const char *name, uint64_t *bytes);
/* bytes_parse: "500 MB", "2 GiB". errors: ERR_INPUT, saying what to write instead */
int bytes_parse(const char *text, uint64_t *bytes, struct error *err);

/* bytes_rate_text: "200 kB/s"; 0 is "unlimited". Returns out. */
const char *bytes_rate_text(uint64_t bytes_per_s, char *out, size_t size);

/* bytes_rate_parse: "1.6 Mbit/s", "200 kB/s", "2 MiB/s", "unlimited" (gives 0); units bit/s, kbit/s, Mbit/s, Gbit/s, B/s,
 * kB/s, MB/s, GB/s, KiB/s, MiB/s, GiB/s. What could be bits or bytes ("2 Mb/s", "2 Mbps") is refused.
 * errors: ERR_INPUT, saying what is wrong and what to write instead; zero is refused too. */
int bytes_rate_parse(const char *text, uint64_t *bytes_per_s, struct error *err);

#endif

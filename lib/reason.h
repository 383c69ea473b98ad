/* reason: several reasons in one text, with commas between. What does not fit any more is cut: there are enough then. */
#ifndef AOB_REASON_H
#define AOB_REASON_H

#include <stddef.h>

/* reason_add: text: of size bytes with the NUL; "" at first. */
void reason_add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif

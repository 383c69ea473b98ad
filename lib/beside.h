/* beside: another program of ours: the one that lies beside this one, else the one on PATH; so that those of one version find each other, wherever they are installed. */
#ifndef AOB_BESIDE_H
#define AOB_BESIDE_H

#include <stddef.h>

/* beside_program: in out, of size bytes: what execvp(3) takes. name: borrowed, shorter than size. Returns out. */
const char *beside_program(const char *name, char *out, size_t size);

#endif

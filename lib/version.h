/* version: of all executables built from this tree. */
#ifndef AOB_VERSION_H
#define AOB_VERSION_H
#define AOB_VERSION "0.2.0"
#endif

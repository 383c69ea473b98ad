/* crash_point: a named place between two durable steps. With AOB_CRASH_POINT=<name> in its environment, the process kills itself there
 * with SIGKILL, as a power cut or an impatient admin would. For tests; costs one getenv otherwise.
 * docs/vault-format.md names the places. */
#ifndef AOB_CRASH_POINT_H
#define AOB_CRASH_POINT_H
void crash_point(const char *name);
#endif

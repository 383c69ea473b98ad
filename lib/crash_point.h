/* crash_point: a named place between two durable steps. With AOB_CRASH_POINT=<name> in its environment, the process kills itself there
 * with SIGKILL, as a power cut or an impatient admin would; with <name>:<n>, when it comes there the n-th time. For tests; costs one getenv otherwise.
 *
 * docs/vault-format.md names the places of the receiver, docs/reliability.md those of the broker.
 * threads: to be called from one only (n is counted). */
#ifndef AOB_CRASH_POINT_H
#define AOB_CRASH_POINT_H
void crash_point(const char *name);
#endif

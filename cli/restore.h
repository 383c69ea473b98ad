/* restore: `aob restore`: a generation, or a part of it, comes back from the vault. The broker is not needed, only the configuration. */
#ifndef AOB_RESTORE_H
#define AOB_RESTORE_H

/* restore_main: argv[0] is the verb. returns the exit status (sysexits.h). */
int restore_main(int argc, char **argv, const char *config_path);

#endif

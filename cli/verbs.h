/* verbs: what `aob` can do: a function each, called with the verb as argv[0]. They return the exit status (sysexits.h). */
#ifndef AOB_VERBS_H
#define AOB_VERBS_H

int status_main(int argc, char **argv, const char *config_path);
int run_main(int argc, char **argv, const char *config_path);
int health_main(int argc, char **argv, const char *config_path); /* exit statuses of its own: health.h */
int ls_main(int argc, char **argv, const char *config_path);
int find_main(int argc, char **argv, const char *config_path);
int diff_main(int argc, char **argv, const char *config_path);
int cat_main(int argc, char **argv, const char *config_path);
int doctor_main(int argc, char **argv, const char *config_path); /* exit statuses of its own: health.h */
int link_main(int argc, char **argv, const char *config_path);
int list_main(int argc, char **argv, const char *config_path);
int verify_main(int argc, char **argv, const char *config_path);
int rehearse_main(int argc, char **argv, const char *config_path);
int prune_main(int argc, char **argv, const char *config_path);
int release_main(int argc, char **argv, const char *config_path);
int seed_main(int argc, char **argv, const char *config_path);
int adopt_main(int argc, char **argv, const char *config_path);
int keygen_main(int argc, char **argv, const char *config_path);
int check_main(int argc, char **argv, const char *config_path);
int events_main(int argc, char **argv, const char *config_path);
int died_main(int argc, char **argv, const char *config_path);
int order_main(int argc, char **argv, const char *config_path); /* pause, resume, cancel, reload */

#endif

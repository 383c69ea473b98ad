/* daemon_line: the command line of broker, watcher and monitor, which is the same for all: --config, --trace, --version, --help. */
#ifndef AOB_DAEMON_LINE_H
#define AOB_DAEMON_LINE_H

struct daemon_about {
	const char *program; /* "aob-watcher"; its man page is in section 8 */
	const char *does;    /* a sentence for --help */
	const char *topics;  /* "mdp, idle": of --trace */
	const char *signals; /* a sentence */
};

struct daemon_line {
	const char *config; /* NULL: not given; then config_path decides */
	const char *trace;  /* NULL: nothing */
};

/* daemon_line_read: returns -1: go on; else the exit status, and everything has been said. Before any thread exists. */
int daemon_line_read(int argc, char **argv, const struct daemon_about *about, struct daemon_line *line);

#endif

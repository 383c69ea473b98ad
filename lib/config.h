/* config: the one YAML file, read, checked and held as plain structs.
 *
 * config_load reads the whole file with libyaml, collects every fault with its line and column (nearest right word
 * suggested), and gives either a complete, valid configuration or none. docs/configuration.md lists the keys.
 *
 * A configuration does not change after loading and may be read from any thread.
 * Strings and lists live as long as the struct config. */
#ifndef AOB_CONFIG_H
#define AOB_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"

struct json_t;

#define CONFIG_DEFAULT_ENDPOINT "ipc:///run/aob/broker"
#define CONFIG_DEFAULT_PATH "/etc/aob/aob.yaml"
#define CONFIG_DEFAULT_LISTEN "127.0.0.1:9877"
#define CONFIG_DEFAULT_LANGUAGE "en"
#define CONFIG_CONTACT_MAX 255 /* bytes of each text of `contact` */
#define CONFIG_PIPELINES_MAX 2000
#define CONFIG_NAME_MAX 64 /* of pipelines, vaults and services: [A-Za-z0-9][A-Za-z0-9._-]* */

struct config_rate {          /* a window of the day, local time */
	uint16_t from_minute; /* 0 … 1439; from == to: all day */
	uint16_t to_minute;
	uint64_t bytes_per_s; /* 0: unlimited */
};

struct config_contact {       /* whom a relative calls, and how the vault speaks to them; "": not told */
	const char *language; /* of lib/languages.def */
	const char *name, *phone, *mail;
};

struct config_vault {
	const char *name;
	const char *ssh;                /* [user@]host[:port], or NULL for a local folder */
	const char *identity;           /* file of a private key, or NULL */
	const char *const *ssh_options; /* as for ssh -o, NULL-terminated, never NULL */
	const char *strategy; /* auto, snapshot, reflink, hardlink: how the receiver begins generations; never NULL */
	const char *root;     /* ROOT of the vault at its end, absolute */
	const struct config_rate *rates;
	size_t n_rates;
	const struct config_contact *contact; /* NULL: nothing is known of it */
	bool plain;                           /* `compression: off` */
	unsigned transfers;                   /* how many may go there at a time; 0: as many as there are workers */
	bool bare;                            /* nothing of ours is there: its pipelines have the engine rsync */
	bool may_ask; /* ssh may ask who sits at the terminal for a password, or about a host key; never so in a configuration */
};

enum config_when { WHEN_SUCCESS, WHEN_FAILURE, WHEN_ALWAYS }; /* `on:` */

struct config_stage {
	const char *service;
	enum config_when when;
	const char *with_json; /* the stage's value as one JSON object, `on` taken out; never NULL */
};

enum config_kind { CONFIG_KIND_AUTO, CONFIG_KIND_TIME_MACHINE, CONFIG_KIND_GENERIC }; /* `kind:` */

struct config_watch {
	uint64_t idle_ms;     /* how long a source must rest; default 10 min */
	uint64_t max_wait_ms; /* a changed source waits at most so long; default 24 h; 0: for ever */
	/* How long a Mac's bundle must rest, instead of idle_ms: with a finished backup, with one and still attached, with an unfinished one. */
	uint64_t finished_ms, attached_ms, unfinished_ms;
	uint64_t apart_ms; /* between two snapshots of what Macs back up to */
};

struct config_pipeline {
	const char *name;
	const char *source; /* absolute folder */
	const char *host;   /* the machine that has it, whose workers alone get its jobs; NULL: any */
	const struct config_vault *vault;
	enum config_kind kind;    /* of the source */
	uint64_t max_age_ms;      /* how old the state in the vault may get; 0: any age */
	uint64_t rehearse_ms;     /* a sample of the vault is brought back so often; 0: never */
	uint64_t verify_every_ms; /* all that lies in the vault is read again so often; 0: never */
	unsigned brake;           /* percent; BRAKE_PERCENT_OFF: `off` */
	bool frozen;              /* a stage makes snapshots of it: `driver: none` makes none */
	bool watched;             /* false: `watch: off`, runs only when asked */
	struct config_watch watch;
	const struct config_stage *stages;
	size_t n_stages;
};

struct config_curve {                    /* for tcp endpoints: files with CURVE keys (zcert format) */
	const char *server_certificate;  /* NULL: no CURVE */
	const char *client_certificates; /* folder of the public certificates that may connect */
	const char *own_certificate;     /* what stages and aob present */
};

struct config_monitor {
	const char *address; /* numeric, to listen on; never NULL */
	bool is_ipv6;
	uint16_t port;
	const char *textfile;          /* also written there for node_exporter, or NULL */
	const char *const *host_names; /* under which the page may be asked for, NULL-terminated, never NULL */
};

enum config_notice { /* what a notifier may tell of: `on` is a set of 1u << these */
	             CONFIG_NOTICE_FAILED,
	             CONFIG_NOTICE_OVERDUE,
	             CONFIG_NOTICE_DAMAGED,
	             CONFIG_NOTICE_NOT_RESTORABLE,
	             CONFIG_NOTICE_BRAKED,
	             CONFIG_NOTICE_FORECAST,
	             CONFIG_NOTICE_BROKER, /* it does not answer: of no pipeline, so of all */
	             CONFIG_NOTICE_RECOVERED,
	             CONFIG_NOTICE_STARTED,
	             CONFIG_NOTICE_FINISHED,
	             CONFIG_NOTICES /* how many there are */
};
#define CONFIG_NOTICES_ALARMS ((1u << (CONFIG_NOTICE_RECOVERED + 1)) - 1) /* all but what every run does */

enum config_notify_driver { CONFIG_NOTIFY_COMMAND, CONFIG_NOTIFY_MAIL, CONFIG_NOTIFY_WEBHOOK, CONFIG_NOTIFY_MQTT };
enum config_webhook {
	CONFIG_WEBHOOK_CLOUDEVENTS,
	CONFIG_WEBHOOK_NTFY,
	CONFIG_WEBHOOK_GOTIFY,
	CONFIG_WEBHOOK_HEALTHCHECKS
};

struct config_notify {                /* an item of `notify`; what its driver does not have is NULL, 0 or empty */
	const char *name;             /* no other has it */
	const char *driver_word;      /* as written */
	const char *const *pipelines; /* NULL-terminated; empty: all */
	enum config_notify_driver driver;
	unsigned on;            /* of 1u << enum config_notice */
	const char *const *run; /* command: program and arguments, NULL-terminated */
	const char *const *to;  /* mail: addresses, NULL-terminated */
	const char *from;       /* NULL: as sendmail has it */
	const char *sendmail;
	const char *url; /* webhook */
	enum config_webhook webhook;
	const char *token_file;
	const char *ca_file; /* and of mqtt; NULL: the system's */
	const char *host;    /* mqtt */
	const char *user;    /* NULL: nobody */
	const char *password_file;
	const char *topic;     /* what ours begin with; NULL: "aob/" and this machine's name */
	const char *discovery; /* Home Assistant's prefix; NULL: off */
	uint16_t port;
	bool tls;
};

struct config {
	const char *path; /* as given */
	const char *host; /* what this machine is called in `host` of pipelines; NULL: its host name (own_host.h) */
	const char *endpoint;
	const char *events;
	const char *state;
	uint64_t history_ms; /* how long the store remembers runs that ended */
	struct config_curve curve;
	struct config_monitor monitor;
	struct config_contact contact;
	const struct config_vault *vaults;
	size_t n_vaults;
	const struct config_pipeline *pipelines;
	size_t n_pipelines; /* 0: of a machine that works for a broker elsewhere */
	const struct config_pipeline *const
	        *by_name; /* private: the same, in the order of their names; NULL: they are to be looked through */
	const struct config_notify *notifiers;
	size_t n_notifiers;
	void *memory; /* private: owns all of the above */
};

/* config_load: read and check FILE.
 * out:     *config, owned by the caller, config_destroy; NULL on failure
 * faults:  if not NULL, every fault is written there as "file:line:column: message\n", in the file's order
 * errors:  ERR_CONFIG (one line: the first fault and how many there are), ERR_NOT_FOUND, ERR_PERMISSION */
int config_load(const char *path, struct config **config, FILE *faults, struct error *err);

void config_destroy(struct config **config);

/* config_for_broker: is there what a broker needs? One of a machine that works for a broker elsewhere has no pipelines. errors: ERR_CONFIG with the remedy */
int config_for_broker(const struct config *config, struct error *err);

/* NULL if there is none of that name; borrowed from config. */
const struct config_pipeline *config_pipeline(const struct config *config, const char *name);
/* As config_pipeline, for a name that a person gave. errors: ERR_NOT_FOUND, naming it and the file */
const struct config_pipeline *config_pipeline_asked(const struct config *config, const char *name, struct error *err);

/* config_notify_notice: "failed", …; static. */
const char *config_notify_notice(enum config_notice notice);

/* config_kind_name: as in the configuration; static. config_kind_of: -1 for another word. */
const char *config_kind_name(enum config_kind kind);
int config_kind_of(const char *name);

/* config_path: --config's value, else $AOB_CONFIG, else CONFIG_DEFAULT_PATH. Borrowed. */
const char *config_path(const char *option);

#endif

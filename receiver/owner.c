#include "receiver/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/crash_point.h"
#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/log.h"

#define OWNER "owner.json"
#define OWNER_BYTES_MAX 4096

int owner_read(const struct vault *vault, struct owner *owner, struct error *err)
{
	char *text = NULL;
	size_t len_bytes = 0;
	const char *id = NULL;
	const char *host = NULL;
	json_int_t since = 0;
	json_t *json = NULL;
	int rc = 0;

	*owner = (struct owner){ .since_s = 0 };
	if (durable_read(vault->aob_fd, OWNER, OWNER_BYTES_MAX, &text, &len_bytes, err) != 0) {
		if (err->class != ERR_NOT_FOUND)
			return -1;
		error_clear(err);
		return 0;
	}
	json = json_loadb(text, len_bytes, 0, NULL);
	free(text);
	if (json_unpack(json, "{s:s, s:s, s:I}", "machine", &id, "host", &host, "since", &since) != 0 ||
	    strlen(id) >= sizeof(owner->machine.id) || strlen(host) >= sizeof(owner->machine.host))
		rc = error_set(err, ERR_DAMAGED,
		               "whose backups these are can't be read (.aob/" OWNER "); `aob adopt %s` on the machine "
		               "that they are of writes it anew",
		               vault->pipeline);
	if (rc == 0) {
		(void)snprintf(owner->machine.id, sizeof(owner->machine.id), "%s", id);
		(void)log_escape(host, owner->machine.host, sizeof(owner->machine.host));
		owner->since_s = (int64_t)since;
	}
	json_decref(json);
	return rc;
}

/* id "": nobody. */
static int set(const struct vault *vault, const struct machine *machine, struct error *err)
{
	json_t *json = NULL;
	int rc;

	if (machine->id[0] == '\0') {
		if (unlinkat(vault->aob_fd, OWNER, 0) != 0 && errno != ENOENT)
			return error_sys(err, errno, "removing .aob/" OWNER);
		return durable_sync(vault->aob_fd, ".aob", err);
	}
	json = json_pack("{s:s, s:s, s:I}", "machine", machine->id, "host", machine->host, "since",
	                 (json_int_t)time(NULL));
	rc = durable_json_write(vault->aob_fd, OWNER, DURABLE_PUBLIC, json, JSON_COMPACT, err);
	crash_point("owned"); /* killed here: the same machine comes again */
	return rc;
}

/* Where there is no room for it, there may be some when the client has removed something; then the next one is remembered. */
static int set_first(const struct vault *vault, const struct machine *machine, struct error *err)
{
	if (set(vault, machine, err) == 0)
		return 0;
	if (err->class != ERR_SPACE)
		return -1;
	log_error(LOG_WARNING, err, "whose backups these are is not remembered yet");
	error_clear(err);
	return 0;
}

int owner_check(const struct vault *vault, const struct machine *machine, struct error *err)
{
	struct owner owner;

	if (machine->id[0] == '\0')
		return 0;
	if (owner_read(vault, &owner, err) != 0)
		return -1;
	if (owner.machine.id[0] == '\0')
		return set_first(vault, machine, err);
	if (strcmp(owner.machine.id, machine->id) == 0)
		return 0;
	return error_set(
	        err, ERR_REFUSED,
	        "the backups of %s in this vault are of another machine, %s, and this is %s: two that write by "
	        "turns would undo each other's. Give one of them another root or pipeline name; or, if this "
	        "one takes the place of the other for good: aob adopt %s",
	        vault->pipeline, owner.machine.host, machine->host, vault->pipeline);
}

int owner_adopt(struct vault *vault, const struct machine *machine, struct owner *before, struct error *err)
{
	int rc = 0;

	if (vault_lock(vault, err) != 0)
		return -1;
	if (owner_read(vault, before, err) != 0) {
		rc = err->class == ERR_DAMAGED ? 0 : -1;
		*before = (struct owner){ .machine = { .host = "?" } };
	}
	if (rc == 0) {
		error_clear(err);
		rc = set(vault, machine, err);
	}
	vault_unlock(vault);
	return rc;
}

int owner_adopt_run(const struct vault_options *options, const char *pipeline, FILE *out, struct error *err)
{
	const struct machine nobody = { .id = "" };
	struct vault *vault = NULL;
	struct owner before;
	int rc;

	if (vault_open(options, pipeline, false, &vault, err) != 0)
		return -1;
	rc = owner_adopt(vault, &nobody, &before, err);
	if (rc == 0)
		(void)fprintf(out, "%s: %s%s; the next machine that writes is taken\n", pipeline,
		              before.machine.host[0] != '\0' ? "was of " : "was nobody's", before.machine.host);
	vault_close(&vault);
	return rc;
}

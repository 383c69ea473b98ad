#include "lib/stage_vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json_want.h"
#include "lib/language.h"

#define SSH_OPTIONS_MAX 64
#define RATES_MAX 64

static int decode_rates(struct stage_vault *made, json_t *vault, struct error *err)
{
	json_t *list = json_object_get(vault, "rates");
	size_t n = json_array_size(list);

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || n > RATES_MAX)
		return error_set(err, ERR_INPUT, "vault.rates: want a list of at most %d", RATES_MAX);
	made->rates = calloc(n + 1, sizeof(*made->rates));
	if (made->rates == NULL)
		return error_set(err, ERR_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		json_t *rate = json_array_get(list, i);
		json_int_t from = 0;
		json_int_t to = 0;
		json_int_t bytes_per_s = 0;
		char where[40];

		(void)snprintf(where, sizeof(where), "vault.rates[%zu].", i);
		if (json_want_integer(rate, where, "from", 0, 1439, &from, err) != 0 ||
		    json_want_integer(rate, where, "to", 0, 1439, &to, err) != 0 ||
		    json_want_integer(rate, where, "bytes_per_s", 0, INT64_MAX, &bytes_per_s, err) != 0)
			return -1;
		made->rates[i] = (struct config_rate){ (uint16_t)from, (uint16_t)to, (uint64_t)bytes_per_s };
	}
	made->vault.rates = made->rates;
	made->vault.n_rates = n;
	return 0;
}

static int decode_compression(struct config_vault *vault, json_t *object, struct error *err)
{
	const char *word;

	if (json_want_string(object, "vault.", "compression", false, &word, err) != 0)
		return -1;
	vault->plain = word != NULL && strcmp(word, "off") == 0;
	if (word != NULL && !vault->plain && strcmp(word, "auto") != 0)
		return error_set(err, ERR_INPUT, "vault.compression: want auto or off");
	return 0;
}

static int decode_engine(struct config_vault *vault, json_t *object, struct error *err)
{
	const char *word;

	if (json_want_string(object, "vault.", "engine", false, &word, err) != 0)
		return -1;
	vault->bare = word != NULL && strcmp(word, "rsync") == 0;
	if (word != NULL && !vault->bare && strcmp(word, "native") != 0)
		return error_set(err, ERR_INPUT, "vault.engine: want native or rsync");
	return 0;
}

/* Becomes a frame of its own, which bounds each text. */
static int decode_contact(struct stage_vault *made, json_t *vault, struct error *err)
{
	struct config_contact *contact = &made->contact;
	const struct {
		const char *key;
		const char **text;
	} texts[] = { { "language", &contact->language },
		      { "name", &contact->name },
		      { "phone", &contact->phone },
		      { "mail", &contact->mail } };
	json_t *object = json_object_get(vault, "contact");

	if (object == NULL || json_is_null(object))
		return 0;
	if (!json_is_object(object))
		return error_set(err, ERR_INPUT, "vault.contact: want an object");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (json_want_string(object, "vault.contact.", texts[i].key, false, texts[i].text, err) != 0)
			return -1;
		if (*texts[i].text == NULL)
			*texts[i].text = "";
		if (strlen(*texts[i].text) > CONFIG_CONTACT_MAX)
			return error_set(err, ERR_INPUT, "vault.contact.%s: want at most %d bytes", texts[i].key,
			                 CONFIG_CONTACT_MAX);
	}
	if (!language_is_code(contact->language))
		return error_set(err, ERR_INPUT, "vault.contact.language: want a code such as de");
	made->vault.contact = contact;
	return 0;
}

int stage_vault_decode(struct stage_vault *made, json_t *request, struct error *err)
{
	struct config_vault *vault = &made->vault;
	json_t *object = NULL;
	json_t *options = NULL;

	if (json_want_object(request, "vault", true, &object, err) != 0 ||
	    json_want_name(object, "vault.", "name", JSON_WANT_NAME, CONFIG_NAME_MAX, &vault->name, err) != 0 ||
	    json_want_string(object, "vault.", "ssh", false, &vault->ssh, err) != 0 ||
	    json_want_path(object, "vault.", "identity", false, &vault->identity, err) != 0 ||
	    json_want_path(object, "vault.", "root", true, &vault->root, err) != 0 ||
	    json_want_string(object, "vault.", "strategy", false, &vault->strategy, err) != 0)
		return -1;
	/* Becomes an argument of the receiver, through a shell. */
	if (vault->strategy == NULL)
		vault->strategy = "auto";
	if (strspn(vault->strategy, "abcdefghijklmnopqrstuvwxyz") != strlen(vault->strategy) ||
	    *vault->strategy == '\0')
		return error_set(err, ERR_INPUT, "vault.strategy: want auto, snapshot, reflink or hardlink");
	/* Becomes an argument of ssh: one that looks like an option must not get there. */
	if (vault->ssh != NULL && (*vault->ssh == '\0' || *vault->ssh == '-' || strpbrk(vault->ssh, " \t\r\n") != NULL))
		return error_set(err, ERR_INPUT, "vault.ssh: want [user@]host[:port]");
	options = json_object_get(object, "ssh_options");
	if (options != NULL && !json_is_null(options) &&
	    (!json_is_array(options) || json_array_size(options) > SSH_OPTIONS_MAX))
		return error_set(err, ERR_INPUT, "vault.ssh_options: want a list of at most %d", SSH_OPTIONS_MAX);
	if (json_want_strings(options, "vault.ssh_options", &made->ssh_options, err) != 0)
		return -1;
	vault->ssh_options = made->ssh_options;
	if (decode_compression(vault, object, err) != 0 || decode_engine(vault, object, err) != 0 ||
	    decode_contact(made, object, err) != 0)
		return -1;
	return decode_rates(made, object, err);
}

void stage_vault_done(struct stage_vault *made)
{
	free(made->ssh_options);
	free(made->rates);
}

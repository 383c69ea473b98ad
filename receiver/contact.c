#include "receiver/contact.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/durable.h"
#include "lib/durable_json.h"
#include "lib/language.h"
#include "lib/log.h"
#include "receiver/vault.h"

#define CONTACT "contact.json"
#define CONTACT_BYTES_MAX 8192

static void get_text(struct decoder *d, char out[CONTACT_TEXT_SIZE])
{
	char text[CONTACT_TEXT_SIZE];

	get_string(d, text, sizeof(text));
	(void)log_escape(d->bad ? "" : text, out, CONTACT_TEXT_SIZE);
}

void get_contact(struct decoder *d, struct contact *contact)
{
	get_string(d, contact->language, sizeof(contact->language));
	get_text(d, contact->name);
	get_text(d, contact->phone);
	get_text(d, contact->mail);
	if (!d->bad && !language_is_code(contact->language))
		d->bad = true;
}

void contact_read(const struct vault *vault, struct contact *contact)
{
	const char *language = "";
	const char *name = "";
	const char *phone = "";
	const char *mail = "";
	char *text = NULL;
	size_t len_bytes = 0;
	json_t *json = NULL;

	*contact = (struct contact){ .language = "" };
	if (durable_read(vault->aob_fd, CONTACT, CONTACT_BYTES_MAX, &text, &len_bytes, NULL) == 0)
		json = json_loadb(text, len_bytes, 0, NULL);
	free(text);
	if (json_unpack(json, "{s?s, s?s, s?s, s?s}", "language", &language, "name", &name, "phone", &phone, "mail",
	                &mail) == 0) {
		if (language_is_code(language))
			(void)snprintf(contact->language, sizeof(contact->language), "%s", language);
		(void)log_escape(name, contact->name, sizeof(contact->name));
		(void)log_escape(phone, contact->phone, sizeof(contact->phone));
		(void)log_escape(mail, contact->mail, sizeof(contact->mail));
	}
	json_decref(json);
}

static int write_down(const struct vault *vault, const struct contact *contact, struct error *err)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s}", "language", contact->language, "name", contact->name, "phone",
	                         contact->phone, "mail", contact->mail);

	return durable_json_write(vault->aob_fd, CONTACT, DURABLE_PUBLIC, json, JSON_INDENT(2), err);
}

static bool same(const struct contact *a, const struct contact *b)
{
	return strcmp(a->language, b->language) == 0 && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->phone, b->phone) == 0 && strcmp(a->mail, b->mail) == 0;
}

void contact_keep(const struct vault *vault)
{
	struct error err = { .class = ERR_NONE };
	struct contact kept;

	if (!vault->contact_told)
		return;
	contact_read(vault, &kept);
	if (!same(&kept, &vault->contact) && write_down(vault, &vault->contact, &err) != 0)
		log_error(LOG_WARNING, &err, "whom a relative is to call is not kept yet");
}

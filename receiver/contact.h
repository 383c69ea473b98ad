/* contact: whom a relative is to call, and in which language the vault's pages speak: ROOT/<pipeline>/.aob/contact.json. A client that writes tells it; it is kept, as
 * who prunes or recovers may not know it.
 *
 * threads: one; under the vault's lock. */
#ifndef AOB_CONTACT_H
#define AOB_CONTACT_H

#include "lib/error.h"
#include "lib/language.h"
#include "wire/codec.h"

struct vault;

#define CONTACT_LANGUAGE_SIZE (LANGUAGE_MAX + 1)
#define CONTACT_TEXT_SIZE 256

struct contact {                              /* "": not told; texts are escaped */
	char language[CONTACT_LANGUAGE_SIZE]; /* small letters and '-' */
	char name[CONTACT_TEXT_SIZE], phone[CONTACT_TEXT_SIZE], mail[CONTACT_TEXT_SIZE];
};

/* get_contact: the payload of CONTACT; a fault makes d bad. */
void get_contact(struct decoder *d, struct contact *contact);

/* contact_read: what is kept; empty if there is nothing, or nothing that can be read. */
void contact_read(const struct vault *vault, struct contact *contact);

/* contact_keep: what the client told, if it told anything, and other than before. A backup never fails for that: what could not be kept is logged, and tried
 * again by the next connection. durable. */
void contact_keep(const struct vault *vault);

#endif

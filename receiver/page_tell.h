/* page_tell: the vault's page and its plain text: the same sections, in the same order, from the same words.
 *
 * threads: none shared. */
#ifndef AOB_PAGE_TELL_H
#define AOB_PAGE_TELL_H

#include "receiver/page.h"
#include "receiver/sheet.h"

/* page_tell_html: START-HERE.html. page_tell_text: README.txt. */
void page_tell_html(const struct page *page, FILE *out);
void page_tell_text(const struct page *page, FILE *out);

/* page_tell_macs: a list of the Macs and what is known of each; nothing if there are none. */
void page_tell_macs(const struct sheet *sheet, const struct wire_macs *macs);

/* page_tell_call: whom to call; host: the machine, where nobody is named. */
void page_tell_call(const struct sheet *sheet, const struct contact *contact, const char *host);

#endif

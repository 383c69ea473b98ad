/* uri: which characters of a path stand in a URI as they are. For any thread. */
#ifndef AOB_URI_H
#define AOB_URI_H

#include <stdbool.h>
#include <string.h>

/* uri_is_plain: unreserved (RFC 3986, section 2.3), or a slash; every other byte of a path is written as % and two digits. */
static inline bool uri_is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~/", c) != NULL);
}

#endif

#include "lib/reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void reason_add(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list args;

	if (used > 0)
		used += (size_t)snprintf(text + used, size - used, ", ");
	if (used >= size)
		return;
	va_start(args, format);
	(void)vsnprintf(text + used, size - used, format, args);
	va_end(args);
}

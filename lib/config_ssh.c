#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/config_build.h"
#include "lib/suggest.h"

/* What may stand in ssh_options: options that neither run a command, load a library, read another configuration, open ways
 * into this machine, nor take the proof away that the far end is who it is (ssh_config(5)). */
static const char *const allowed[] = {
	"AddressFamily",
	"BindAddress",
	"BindInterface",
	"CASignatureAlgorithms",
	"CertificateFile",
	"CheckHostIP",
	"Ciphers",
	"Compression",
	"ConnectionAttempts",
	"ConnectTimeout",
	"GlobalKnownHostsFile",
	"HashKnownHosts",
	"HostKeyAlgorithms",
	"HostKeyAlias",
	"IdentitiesOnly",
	"IPQoS",
	"KexAlgorithms",
	"LogLevel",
	"MACs",
	"ProxyJump",
	"PreferredAuthentications",
	"PubkeyAcceptedAlgorithms",
	"RekeyLimit",
	"RequiredRSASize",
	"ServerAliveCountMax",
	"ServerAliveInterval",
	"StrictHostKeyChecking",
	"TCPKeepAlive",
	"UserKnownHostsFile",
	"VerifyHostKeyDNS",
};

static const char *const values_for_key[][2] = {
	{ "IdentityFile", "write the key as 'identity: FILE'" },
	{ "Port", "write the port into 'ssh: [user@]host[:port]'" },
	{ "User", "write the user into 'ssh: [user@]host[:port]'" },
	{ "HostName", "write the host into 'ssh: [user@]host[:port]'" },
	{ "BatchMode", "it is always on" },
};

static const char *const commands[] = {
	"ProxyCommand",   "LocalCommand",        "PermitLocalCommand", "KnownHostsCommand", "RemoteCommand",
	"PKCS11Provider", "SecurityKeyProvider", "XAuthLocation",      "Include",           "Match",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(name, list[i]) == 0)
			return true;
	return false;
}

static void refuse_name(struct config_build *b, const struct yaml_pos *option, const char *name)
{
	const char *near = suggest_nearest(name, allowed, COUNT(allowed));

	for (size_t i = 0; i < COUNT(values_for_key); i++) {
		if (strcasecmp(name, values_for_key[i][0]) != 0)
			continue;
		faults_add(b->faults, option->line, option->column, "ssh option '%s' is not for this list: %s",
		           values_for_key[i][0], values_for_key[i][1]);
		return;
	}
	if (is_one_of(name, commands, COUNT(commands)))
		faults_add(b->faults, option->line, option->column,
		           "ssh option '%.40s' could run a program and is refused; use ProxyJump for a way over "
		           "another host",
		           name);
	else if (near != NULL)
		faults_add(b->faults, option->line, option->column, "unknown ssh option '%.40s'; did you mean '%s'?",
		           name, near);
	else
		faults_add(b->faults, option->line, option->column,
		           "ssh option '%.40s' is not allowed here; the manual page aob.yaml(5) lists those that are",
		           name);
}

static void check_value(struct config_build *b, const struct yaml_pos *option, const char *name, const char *value)
{
	static const char jump[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@:,[]";

	if (*value == '\0')
		faults_add(b->faults, option->line, option->column, "ssh option '%s' has no value; write %s=VALUE",
		           name, name);
	else if (strcasecmp(name, "ProxyJump") == 0 && (strspn(value, jump) != strlen(value) || *value == '-' ||
	                                                strstr(value, ",-") != NULL || strstr(value, "@-") != NULL))
		faults_add(b->faults, option->line, option->column,
		           "'%.80s' is no ProxyJump; want [user@]host[:port], by commas", value);
	else if (strcasecmp(name, "StrictHostKeyChecking") == 0 && strcasecmp(value, "yes") != 0 &&
	         strcasecmp(value, "accept-new") != 0)
		faults_add(b->faults, option->line, option->column,
		           "StrictHostKeyChecking=%.40s would talk to a stranger; want yes or accept-new", value);
	else if ((strcasecmp(name, "UserKnownHostsFile") == 0 || strcasecmp(name, "GlobalKnownHostsFile") == 0) &&
	         strstr(value, "/dev/null") != NULL)
		faults_add(b->faults, option->line, option->column,
		           "%s=/dev/null would forget who the far end is; name a file that is kept", name);
}

void config_ssh_check_option(struct config_build *build, const struct yaml_pos *option)
{
	char name[41];
	size_t len = strcspn(option->text, "= \t");

	if (option->text[len] != '=' || len == 0 || len >= sizeof(name)) {
		faults_add(build->faults, option->line, option->column,
		           "'%.80s' is no ssh option; write Name=value, such as ConnectTimeout=20", option->text);
		return;
	}
	memcpy(name, option->text, len);
	name[len] = '\0';
	if (!is_one_of(name, allowed, COUNT(allowed)))
		refuse_name(build, option, name);
	else
		check_value(build, option, name, option->text + len + 1);
}

static bool all_of(const char *s, size_t len, const char *others)
{
	for (size_t i = 0; i < len; i++)
		if (isalnum((unsigned char)s[i]) == 0 && strchr(others, s[i]) == NULL)
			return false;
	return len > 0;
}

static bool port_is_good(const char *port)
{
	char *end = NULL;
	unsigned long number = strtoul(port, &end, 10);

	return isdigit((unsigned char)*port) != 0 && *end == '\0' && strlen(port) <= 5 && number >= 1 &&
	       number <= 65535;
}

/* NULL, or what is wrong. */
static const char *target_fault(const char *target)
{
	const char *at = strrchr(target, '@');
	const char *host = at != NULL ? at + 1 : target;
	const char *end = NULL;

	if (*target == '-')
		return "begins with '-', so ssh would take it as an option";
	if (at != NULL && !all_of(target, (size_t)(at - target), "._+-\\"))
		return "has a user that ssh would not take";
	if (*host == '[') {
		end = strchr(host, ']');
		if (end == NULL || !all_of(host + 1, (size_t)(end - host - 1), ":.%"))
			return "has no address between '[' and ']'";
		end++;
	} else {
		end = host + strcspn(host, ":");
		if (strchr(end, ':') != strrchr(host, ':'))
			return "has more than one ':'; put an IPv6 address into '[' and ']'";
		if (*host == '-' || !all_of(host, (size_t)(end - host), "._-"))
			return "has no host that ssh would take";
	}
	if (*end != '\0' && (*end != ':' || !port_is_good(end + 1)))
		return "has no port from 1 to 65535 behind the ':'";
	return NULL;
}

void config_ssh_check(struct config_build *build, const struct yaml_pos *target)
{
	const char *fault = target_fault(target->text);

	if (fault != NULL)
		faults_add(build->faults, target->line, target->column,
		           "'ssh: %.80s' %s; want [user@]host[:port], such as backup@dad.example.net", target->text,
		           fault);
}

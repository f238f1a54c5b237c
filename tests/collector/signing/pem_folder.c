// SPDX-License-Identifier: Apache-2.0
#include "tests/collector/signing/pem_folder.h"
#include <stdio.h>
#include <stdlib.h>

static char folder[] = "/tmp/test-pem-XXXXXX";

// Good files first, then what can become of them.
static const char recipe[] =
	"set -e\n"
	"exec >/dev/null 2>&1 </dev/null\n"
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=a -days 3650\n"
	"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key2.pem -out cert2.pem -subj /CN=b -days 3650\n"
	"openssl req -x509 -newkey rsa:512 -nodes -keyout weak-key.pem -out weak.pem -subj /CN=c -days 3650\n"
	"openssl genpkey -algorithm RSA -out rsa-key.pem\n"
	"openssl pkey -in key.pem -pubout -out public.pem\n"
	"openssl req -new -key key.pem -subj /CN=a -out request.pem\n"
	"openssl ecparam -name P-256 -genkey -out with-parameters.pem\n"
	"cat cert.pem cert2.pem key2.pem >all.pem\n"
	"openssl pkey -in key.pem -aes256 -passout pass:secret -out locked.pem\n"
	"openssl ec -in key.pem -aes256 -passout pass:secret -out locked-old.pem\n"
	"openssl x509 -in cert.pem -outform der -out cert.der\n"
	"openssl pkey -in key.pem -outform der -out key.der\n"
	"openssl pkcs8 -topk8 -in key.pem -outform der -passout pass:secret -out locked.der\n"
	"openssl pkey -in key.pem -pubout -outform der -out public.der\n"
	"openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass:secret -out store.p12\n"
	"ecparam=$(openssl ecparam -name P-256)\n"
	"echo \"$ecparam\" >parameters.pem\n"
	"printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaA==\\n-----END OPENSSH PRIVATE KEY-----\\n' >ssh.pem\n"
	"head -c 100 cert.pem >cut-cert.pem\n"
	"head -c 100 key.pem >cut-key.pem\n"
	"{ cat cert.pem; head -c 100 cert2.pem; } >cut-bundle.pem\n"
	"sed '2s/^..../!!!!/' key.pem >scratched.pem\n"
	"printf -- '-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n' >hollow.pem\n"
	": >empty.pem\n"
	"echo hello >text.pem\n"
	"head -c 1100000 /dev/zero >large.pem\n"
	"mkdir folder.pem\n";

int pem_folder_make(void **unused)
{
	(void)unused;
	char command[sizeof recipe + 100];
	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof command, "cd %s\n%s", folder, recipe);
	return system(command);
}

int pem_folder_remove(void **unused)
{
	(void)unused;
	char command[100];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

const char *pem_folder_path(const char *name)
{
	static char paths[4][100];
	static int turn;
	turn = (turn + 1) % 4;
	snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
	return paths[turn];
}

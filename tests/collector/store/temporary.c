// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/collector/store/temporary.h"

void temporary_make(struct temporary *temporary)
{
	snprintf(temporary->folder, sizeof temporary->folder, "/tmp/muster-test-XXXXXX");
	assert_non_null(mkdtemp(temporary->folder));
	snprintf(temporary->path, sizeof temporary->path, "%s/muster.db", temporary->folder);
}

void temporary_remove(struct temporary *temporary)
{
	DIR *folder = opendir(temporary->folder);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		char name[400];
		snprintf(name, sizeof name, "%s/%s", temporary->folder, entry->d_name);
		unlink(name);
	}
	if (folder)
		closedir(folder);
	rmdir(temporary->folder);
}

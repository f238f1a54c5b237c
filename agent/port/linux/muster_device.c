// SPDX-License-Identifier: Apache-2.0
// muster-device: one virtual ESP32 with its flash in a file.
#include "agent/image/err.h"
#include "agent/port/linux/device.h"
#include "agent/port/linux/key_folder.h"
#include "agent/port/linux/options.h"
#include "agent/port/linux/resolver.h"
#include "agent/port/linux/shared_options.h"
#include "agent/port/linux/spool_list.h"
#include "agent/port/linux/system.h"
#include "agent/port/linux/virtual_flash.h"
#include "muster.pb-c.h"
#include "proto/limits.h"
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_MISUSE = 2 };

struct values {
	const char *id, *flash;
	struct mu_option_list faults;
	bool verbose;
	struct mu_shared_options shared;
};

#define VALUE(field) offsetof(struct values, field)

static const struct mu_option options[] = {
	{ "id", "ID", MU_OPTION_TEXT, VALUE(id), 0, 0, "device id: 1 to 32 of A-Z a-z 0-9 _ -" },
	{ "flash", "FILE", MU_OPTION_TEXT, VALUE(flash), 0, 0, "raw flash image; a missing one is made with firmware 1.0.0 and 1.1.0" },
	{ "fault", "NAME[=N]", MU_OPTION_LIST, VALUE(faults), 0, 0, "something that is wrong; \"help\" lists them; may be repeated" },
	{ "verbose", 0, MU_OPTION_FLAG, VALUE(verbose), 0, 0, "log debug lines, too" },
};

static const struct mu_program program = {
	.name = "muster-device",
	.summary = "One virtual ESP32 that reports to a Muster collector. Its flash is a file; killing the process is a power cut.\n",
	.options = options,
	.count = sizeof options / sizeof *options,
	.shared = mu_shared_rows,
	.shared_count = MU_SHARED_ROWS,
	.shared_offset = VALUE(shared),
	.examples = "examples:\n"
		    "  muster-device --broker mqtt://127.0.0.1 --id dev-1 --flash dev-1.bin --interval 5\n"
		    "  muster-device --broker mqtt://127.0.0.1 --id dev-2 --flash dev-2.bin --fault leak=4096\n"
		    "  muster-device --flash dev-1.bin --list-spool\n",
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", program.name, what, why);
	return EXIT_MISUSE;
}

static int check_values(struct values *values)
{
	int mistakes = 0;
	if (!values->flash)
		mistakes += complain("--flash", "is missing: the file that holds the device's flash");
	if (values->shared.list_spool)
		return mistakes + mu_shared_options_check(&values->shared, program.name, stderr);
	if (!values->id)
		mistakes += complain("--id", "is missing: the device's name");
	else if (!mu_id_valid(values->id))
		mistakes += complain("--id", "wants 1 to 32 of A-Z a-z 0-9 _ -");
	return mistakes + mu_shared_options_check(&values->shared, program.name, stderr);
}

static int add_faults(const struct values *values, struct mu_faults *faults)
{
	int mistakes = 0;
	char problem[MU_FAULT_PROBLEM_SIZE];
	*faults = mu_faults_none();
	for (unsigned i = 0; i < values->faults.count; i++)
		if (mu_fault_add(faults, values->faults.items[i], problem) < 0)
			mistakes += complain("--fault", problem);
	return mistakes;
}

// A new flash: 1.0.0 healthy, 1.1.0 with the traits of the faults runs.
static int lay_out(struct mu_flash_image *flash, const struct values *values, const struct mu_faults *faults)
{
	char problem[MU_KEY_FOLDER_PROBLEM_SIZE];
	struct mu_virtual_flash contents = mu_virtual_flash_default();
	contents.images[contents.active_slot].traits = faults->traits;
	for (unsigned i = 0; i < MU_VIRTUAL_SLOTS; i++)
		contents.images[i].chip_id = mu_hardware_find(values->shared.hardware)->chip_id;
	if (values->shared.keys && mu_key_folder_read(&contents.keys, values->shared.keys, problem) < 0)
		return complain("--keys", problem);
	int err = mu_virtual_flash_create(flash, &contents);
	return err < 0 ? complain(values->flash, mu_err_name(err)) : 0;
}

static const char *flash_problem(int err)
{
	switch (err) {
	case MU_ERR_BUSY: return "another process runs on this flash";
	case MU_ERR_SIZE: return "is not a flash image: its size is not that of a chip";
	case MU_ERR_NOT_FOUND: return "there is no such file";
	default: return mu_err_name(err);
	}
}

static bool is_blank(const struct mu_flash_image *flash)
{
	uint8_t start[32];
	if (mu_flash_read(flash, MU_PARTITION_TABLE_OFFSET, start, sizeof start) < 0)
		return false;
	for (size_t i = 0; i < sizeof start; i++)
		if (start[i] != 0xFF)
			return false;
	return true;
}

static int open_flash(struct mu_flash_image **flash, const struct values *values, const struct mu_faults *faults)
{
	struct mu_flash_options how = { .path = values->flash, .create = !values->shared.list_spool };
	int err = mu_flash_open(flash, &how);
	if (err < 0)
		return complain(values->flash, flash_problem(err));
	// Blank where the partition table belongs: made just now, or the process that made it was killed.
	if (!values->shared.list_spool && is_blank(*flash))
		return lay_out(*flash, values, faults);
	struct mu_traits healthy = mu_traits_none();
	if (memcmp(&faults->traits, &healthy, sizeof healthy) != 0)
		fprintf(stderr, "%s: %s: exists, so faults of the firmware change nothing: its images decide\n", program.name,
			values->flash);
	return 0;
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
	(void)number, (void)what;
	event_base_loopbreak(context);
}

static int run(struct event_base *loop, const struct mu_device_config *config, const struct values *values)
{
	struct mu_device *device;
	int err = mu_device_open(&device, config);
	if (err < 0)
		return complain(values->flash, "holds no partition table of ours; delete it and it is made anew");
	struct event *terminate = evsignal_new(loop, SIGTERM, on_signal, loop), *interrupt = evsignal_new(loop, SIGINT, on_signal, loop);
	event_add(terminate, 0);
	event_add(interrupt, 0);
	if (values->shared.seconds)
		event_base_loopexit(loop, &(struct timeval){ .tv_sec = values->shared.seconds });
	mu_device_power_on(device, 0);
	event_base_dispatch(loop);
	const char *problem = mu_device_problem(device);
	if (problem)
		complain("agent", problem);
	mu_device_close(device);
	event_free(terminate);
	event_free(interrupt);
	return problem ? EXIT_MISUSE : EXIT_OK;
}

static int run_device(const struct values *values, struct mu_flash_image *flash, const struct mu_faults *faults)
{
	struct mu_sent_log sent_log;
	if (mu_sent_log_open(&sent_log, values->shared.sent_log) < 0)
		return complain(values->shared.sent_log, "cannot be written");
	struct event_base *loop = event_base_new();
	struct mu_device_config config = {
		.loop = loop,
		.flash = flash,
		.agent.id = values->id,
		.world = faults->world,
		.sent_log = &sent_log,
		.log = stderr,
		.log_level = values->verbose ? MU__LOG_LEVEL__LOG_DEBUG : MU__LOG_LEVEL__LOG_INFO,
	};
	mu_shared_options_apply(&values->shared, &config);
	config.resolver = mu_resolver_new(loop, 0, 0);
	int code = run(loop, &config, values);
	mu_resolver_free(config.resolver);
	event_base_free(loop);
	mu_sent_log_close(&sent_log);
	return code;
}

static int list_spool(struct mu_flash_image *flash, const struct values *values)
{
	int err = mu_spool_list(flash, values->id ? values->id : "-", stdout);
	return err < 0 ? complain(values->flash, mu_err_name(err)), EXIT_FAILED : EXIT_OK;
}

static int carry_out(struct values *values)
{
	struct mu_faults faults;
	struct mu_flash_image *flash;
	if (check_values(values) || add_faults(values, &faults))
		return EXIT_MISUSE;
	int code = open_flash(&flash, values, &faults);
	if (!code)
		code = values->shared.list_spool ? list_spool(flash, values) : run_device(values, flash, &faults);
	mu_flash_close(flash);
	return code;
}

int main(int argc, char **argv)
{
	struct values values = { .shared = MU_SHARED_DEFAULTS };
	if (mu_options_parse(&program, &values, argc, argv, stderr))
		return EXIT_MISUSE;
	return mu_shared_options_answer(&values.shared, &program, &values.faults) ? EXIT_OK : carry_out(&values);
}

#include "nn/schedule.h"

#define SCHEDULE(name) extern const struct schedule_class schedule_##name;
#include "nn/schedules.def"
#undef SCHEDULE

static const struct desc *const rows[] = {
#define SCHEDULE(name) &schedule_##name.desc,
#include "nn/schedules.def"
#undef SCHEDULE
};

const struct registry schedule_registry = {"schedule", rows, sizeof rows / sizeof rows[0]};

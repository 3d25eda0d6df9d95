#include "boot/settings.h"
#include <string.h>
#include "boot/record-log.h"
#include "main/numbers.h"

struct wanted {
  const char *name;
  uint8_t *value;
  uint32_t *length, most;
};

static void visit(void *context, uint8_t kind, const uint8_t *payload, uint32_t length) {
  uint32_t name_bytes = length > 0 ? payload[0] : 0;
  if (1 + name_bytes > length || (kind != SETTING_PUT && kind != SETTING_FORGET)) return;
  for (const struct wanted *w = context; w->name; w++) {
    if (strlen(w->name) != name_bytes || memcmp(w->name, payload + 1, name_bytes) != 0) continue;
    uint32_t value_bytes = length - 1 - name_bytes;
    *w->length = 0;
    if (kind == SETTING_FORGET || value_bytes > w->most) return;
    memcpy(w->value, payload + 1 + name_bytes, value_bytes);
    *w->length = value_bytes;
  }
}

void settings_read(struct settings *s) {
  struct wanted wanted[] = {{STORED_PRODUCT, s->product, &s->product_bytes, sizeof s->product},
                            {STORED_HARDWARE, s->hardware, &s->hardware_bytes, sizeof s->hardware},
                            {STORED_ROOTS, s->roots, &s->roots_bytes, sizeof s->roots},
                            {STORED_KEY_SET, s->key_sets[0], &s->key_set_bytes[0], sizeof s->key_sets[0]},
                            {STORED_KEY_SET_BEFORE, s->key_sets[1], &s->key_set_bytes[1], sizeof s->key_sets[1]},
                            {0}};
  memset(s, 0, sizeof *s);
  log_read(REGION_SETTINGS_START, REGION_SETTINGS_BYTES, visit, wanted);
}

/* Any tandem.yaml gives a configuration that can be destroyed, or a message. */
#include <stdint.h>

#include "config_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *const environ[] = { (char *)(uintptr_t) "HOME=/h", NULL };
    struct config_input input = { .environ = environ };
    struct fault fault = { 0 };
    struct config *config = NULL;
    enum err err = config_load_text(&config, &input, slice_make(data, size), "fuzz.yaml", &fault);
    BUG_IF(!err != (config != NULL) || !err != (fault.text[0] == '\0'));
    for (size_t i = 0; config && i < config->n_trunks; i++)
        BUG_IF(!config->trunks[i].host[0]);
    config_destroy(config);
    return 0;
}

#include "yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml_doc *first = NULL;
    struct yaml_doc *second = NULL;
    struct fault fault = { 0 };
    if (yaml_parse(&first, slice_make(data, size), "fuzz", &fault)) {
        BUG_IF(fault.code == OK || fault.line < 0);
        return 0;
    }
    /* JSON is YAML: what was read, written as JSON, reads as the same. 17 digits hold any real. */
    char *json =
        json_dumps(yaml_root(first), JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(17));
    if (json && !yaml_parse(&second, slice_of(json), "again", &fault))
        BUG_IF(!json_equal(yaml_root(first), yaml_root(second)));
    free(json);
    yaml_destroy(first);
    yaml_destroy(second);
    return 0;
}

-- pulsekit for LÖVE and any other LuaJIT: the C interface of the SDK over the FFI. One file; copy it into your game.
--
--   local pulsekit = require "pulsekit"
--   local telemetry = assert(pulsekit.open { endpoint = "https://...", api_key = "pa_live_...", app_name = "my-game",
--                                            storage_dir = love.filesystem.getSaveDirectory() .. "/telemetry" })
--   telemetry:track("level_complete", { level = 3, score = 1234.5, won = true })
--   telemetry:close(2)
--
-- The shared library is looked for where PULSEKIT_LIBRARY says, else by its name: libpulsekit.so, pulsekit.dll.
-- A client belongs to the Lua state (and so to the love.thread) that opened it.
local ffi = require "ffi"

ffi.cdef [[
typedef struct pulsekit_client pulsekit_client;

typedef struct pulsekit_options {
    size_t size;
    const char* endpoint;
    const char* api_key;
    const char* app_name;
    const char* app_version;
    const char* storage_dir;
    uint32_t flush_interval_ms;
    uint64_t max_queue_bytes;
    void (*log)(int level, const char* message, void* user_data);
    void* user_data;
} pulsekit_options;

typedef struct pulsekit_property {
    const char* name;
    int type;
    union {
        int boolean;
        int64_t integer;
        double real;
        const char* string;
    } value;
} pulsekit_property;

typedef struct pulsekit_stats {
    size_t size;
    uint64_t accepted;
    uint64_t delivered;
    uint64_t queued;
    uint64_t dropped;
} pulsekit_stats;

const char* pulsekit_version(void);
int pulsekit_open(const pulsekit_options* options, pulsekit_client** client, char* error, size_t error_size);
int pulsekit_track(pulsekit_client* client, const char* name, const pulsekit_property* properties, size_t count,
                   char* id);
int pulsekit_screen(pulsekit_client* client, const char* name, const pulsekit_property* properties, size_t count,
                    char* id);
int pulsekit_identify(pulsekit_client* client, const char* user_id, const pulsekit_property* traits, size_t count,
                      char* id);
int pulsekit_flush(pulsekit_client* client, uint32_t deadline_ms);
int pulsekit_get_stats(const pulsekit_client* client, pulsekit_stats* stats);
int pulsekit_close_and_free(pulsekit_client* client, uint32_t deadline_ms);
]]

local library = ffi.load(os.getenv "PULSEKIT_LIBRARY" or "pulsekit")

local BOOL, INT, DOUBLE, STRING = 1, 2, 3, 4
local REFUSALS = { "invalid", "too large", "full", "closed", "not everything is delivered yet", "internal error" }
local ID_SIZE = 37

local function is_integer(number)
  return number == math.floor(number) and math.abs(number) < 2 ^ 53
end

local function set_value(property, name, value)
  local kind = type(value)
  if kind == "string" then
    property.type, property.value.string = STRING, value
  elseif kind == "boolean" then
    property.type, property.value.boolean = BOOL, value and 1 or 0
  elseif kind == "number" and is_integer(value) then
    property.type, property.value.integer = INT, value
  elseif kind == "number" then
    property.type, property.value.real = DOUBLE, value
  else
    error(("property '%s' is a %s; it must be a string, number or boolean"):format(name, kind), 4)
  end
end

-- The array borrows the strings of `properties`, which the caller holds until the call is over.
local function encode(properties)
  local count = 0
  for _ in pairs(properties) do count = count + 1 end
  local array = ffi.new("pulsekit_property[?]", count)
  local i = 0
  for name, value in pairs(properties) do
    if type(name) ~= "string" then error("the name of a property must be a string", 3) end
    array[i].name = name
    set_value(array[i], name, value)
    i = i + 1
  end
  return array, count
end

local function milliseconds(seconds) return math.floor((seconds or 1) * 1000) end

local Client = {}
Client.__index = Client

-- Calls one of the tracking functions. Returns the event's id, or nil and why it was refused.
local function call(self, fn, name, properties)
  if not self.handle then return nil, "closed" end
  properties = properties or {}
  local array, count = encode(properties)
  local id = ffi.new("char[?]", ID_SIZE)
  local status = fn(self.handle, name, array, count, id)
  if status ~= 0 then return nil, REFUSALS[status] or "unknown" end
  return ffi.string(id)
end

function Client:track(name, properties) return call(self, library.pulsekit_track, name, properties) end

function Client:screen(name, properties) return call(self, library.pulsekit_screen, name, properties) end

function Client:identify(user_id, traits) return call(self, library.pulsekit_identify, user_id, traits) end

-- Sends everything now; waits at most so many seconds (default 1). True, or nil and why.
function Client:flush(seconds)
  if not self.handle then return nil, "closed" end
  local status = library.pulsekit_flush(self.handle, milliseconds(seconds))
  if status == 0 then return true end
  return nil, REFUSALS[status]
end

-- { accepted, delivered, queued, dropped } over the life of the storage folder.
function Client:stats()
  if not self.handle then return nil, "closed" end
  local stats = ffi.new("pulsekit_stats", { size = ffi.sizeof "pulsekit_stats" })
  if library.pulsekit_get_stats(self.handle, stats) ~= 0 then return nil, "internal error" end
  return {
    accepted = tonumber(stats.accepted),
    delivered = tonumber(stats.delivered),
    queued = tonumber(stats.queued),
    dropped = tonumber(stats.dropped),
  }
end

-- Delivers what so many seconds (default 1) allow; the rest is kept for the next start. Call it from love.quit. True
-- when nothing is left, else nil and why.
function Client:close(seconds)
  if not self.handle then return true end
  local handle = ffi.gc(self.handle, nil)
  self.handle = nil
  local status = library.pulsekit_close_and_free(handle, milliseconds(seconds))
  if status == 0 then return true end
  return nil, REFUSALS[status]
end

local pulsekit = {}

-- Options: endpoint, api_key, app_name (required), app_version, storage_dir, flush_interval (seconds), max_queue_bytes.
-- Returns a client, or nil and why. There is no log: it would call Lua from the SDK's own thread, which LuaJIT forbids.
function pulsekit.open(options)
  local raw = ffi.new("pulsekit_options", { size = ffi.sizeof "pulsekit_options" })
  raw.endpoint, raw.api_key, raw.app_name = options.endpoint, options.api_key, options.app_name
  raw.app_version, raw.storage_dir = options.app_version, options.storage_dir
  if options.flush_interval then raw.flush_interval_ms = milliseconds(options.flush_interval) end
  if options.max_queue_bytes then raw.max_queue_bytes = options.max_queue_bytes end
  local out = ffi.new "pulsekit_client*[1]"
  local why = ffi.new("char[?]", 256)
  if library.pulsekit_open(raw, out, why, 256) ~= 0 then return nil, ffi.string(why) end
  -- A client that is forgotten still keeps its events; it only does not wait to send them.
  local handle = ffi.gc(out[0], function(forgotten) library.pulsekit_close_and_free(forgotten, 0) end)
  return setmetatable({ handle = handle }, Client)
end

function pulsekit.version() return ffi.string(library.pulsekit_version()) end

return pulsekit

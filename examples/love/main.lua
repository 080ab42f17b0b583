-- A short game that plays itself and tells a collector about it.
--
--   PULSEKIT_LIBRARY=.../libpulsekit.so PULSEKIT_ENDPOINT=http://127.0.0.1:8080 PULSEKIT_KEY=pa_live_... love examples/love
local pulsekit = require "pulsekit"

local LEVELS, SECONDS_PER_LEVEL = 5, 0.1

local telemetry
local level, elapsed, message = 1, 0, "playing"

function love.load()
  telemetry = assert(pulsekit.open {
    endpoint = os.getenv "PULSEKIT_ENDPOINT" or "http://127.0.0.1:8080",
    api_key = os.getenv "PULSEKIT_KEY" or "pa_live_...",
    app_name = "love-demo",
    app_version = "1.0",
    storage_dir = os.getenv "PULSEKIT_STORAGE" or love.filesystem.getSaveDirectory() .. "/telemetry",
    flush_interval = 1,
  })
  telemetry:identify("player-1", { difficulty = "hard" })
  telemetry:screen "main menu"
end

function love.update(dt)
  elapsed = elapsed + dt
  if elapsed < SECONDS_PER_LEVEL then return end
  elapsed = 0
  telemetry:track("level_complete", { level = level, score = 12.5 * level + 0.25, won = level % 2 == 0, map = "canyon" })
  level = level + 1
  message = "level " .. level
  if level > LEVELS then love.event.quit() end
end

function love.draw() love.graphics.print(message, 20, 20) end

function love.quit()
  local delivered, why = telemetry:flush(5)
  local stats = telemetry:stats()
  print(("ledger accepted=%d delivered=%d queued=%d dropped=%d"):format(stats.accepted, stats.delivered, stats.queued,
    stats.dropped))
  if not delivered then print(why) end
  telemetry:close(1)
end

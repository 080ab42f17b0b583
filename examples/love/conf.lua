-- PULSEKIT_HEADLESS: no window, no picture, no sound, so that the demo runs on a server.
function love.conf(t)
  t.identity = "pulsekit-demo"
  t.version = "11.4"
  if os.getenv "PULSEKIT_HEADLESS" then
    for _, module in ipairs { "window", "graphics", "audio", "sound", "joystick", "touch", "video", "font", "image",
                              "keyboard", "mouse", "physics" } do
      t.modules[module] = false
    end
    t.window = nil
  end
end

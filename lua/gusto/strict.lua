-- Strict globals: reading a name that was never set, or setting one from inside a function, is a mistake that is named.
-- The main part of a script may set globals of its own; the repl may too.

local function place()
  local info = debug.getinfo(3)
  return info and info.what or "C"
end

return function(interactive)
  setmetatable(_G, {
    __newindex = function(t, name, value)
      local what = place()
      if not interactive and what ~= "main" and what ~= "C" then
        error(("'%s' is not declared: write `local %s = ...`"):format(tostring(name), tostring(name)), 2)
      end
      rawset(t, name, value)
    end,
    __index = function(_, name)
      error(("there is nothing called '%s' here"):format(tostring(name)), 2)
    end,
    __metatable = "strict",
  })
end

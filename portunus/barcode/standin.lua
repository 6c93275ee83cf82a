-- A strict stand-in for a client's widget API, run in plain Lua 5.1 around the addon. Whatever a client would not know raises an error.
-- Python calls the function this chunk returns with: api (table of API functions), draw (colour sink), options.

return function(api, draw, options)
	local widgets = { textures = {}, frames = {} }
	local knownEvents = options.events
	local scripts = { OnEvent = true, OnUpdate = true }

	local function strict(kind, methods)
		return {
			__index = function(_, key)
				local method = methods[key]
				if method == nil and not methods["absent:" .. tostring(key)] then
					error("the stand-in client has no method " .. tostring(key) .. " on a " .. kind, 2)
				end
				return method
			end,
			__newindex = function(_, key)
				error("an addon may not write the field " .. tostring(key) .. " of a " .. kind, 2)
			end,
			__metatable = false,
		}
	end

	local function finite(...)
		for i = 1, select("#", ...) do
			local value = select(i, ...)
			if type(value) ~= "number" or value ~= value or value == math.huge or value == -math.huge then
				error("a widget was given " .. tostring(value) .. " instead of a number", 3)
			end
		end
	end

	local data = setmetatable({}, { __mode = "k" }) -- widget -> its private fields
	local textureMethods, frameMethods = {}, {}
	local textureMeta, frameMeta = strict("texture", textureMethods), strict("frame", frameMethods)

	local function placed(self)
		local d = data[self]
		if d.index then
			draw.place(d.index, d.x or 0, d.y or 0, d.width or 0, d.height or 0)
		end
	end

	function textureMethods.SetTexture(self, r, g, b, a)
		finite(r, g, b)
		data[self].white = r == 1 and g == 1 and b == 1
	end
	if options.modern then
		textureMethods.SetColorTexture = textureMethods.SetTexture
		textureMethods.SetSnapToPixelGrid = function(_, snap)
			assert(type(snap) == "boolean")
		end
		textureMethods.SetTexelSnappingBias = function(_, bias)
			finite(bias)
		end
	else
		textureMethods["absent:SetColorTexture"] = true
		textureMethods["absent:SetSnapToPixelGrid"] = true
	end
	function textureMethods.SetBlendMode(_, mode)
		assert(mode == "DISABLE" or mode == "BLEND", "unknown blend mode")
	end
	function textureMethods.SetVertexColor(self, r, g, b)
		finite(r, g, b)
		assert(data[self].white, "the texture was not made white first")
		draw.colour(data[self].index, r, g, b)
	end
	function textureMethods.ClearAllPoints(self)
		data[self].x, data[self].y = nil, nil
	end
	function textureMethods.SetPoint(self, point, relative, relativePoint, x, y)
		assert(point == "TOPLEFT" and relativePoint == "TOPLEFT" and data[relative], "the stand-in knows TOPLEFT only")
		finite(x, y)
		data[self].x, data[self].y = x, y
		placed(self)
	end
	function textureMethods.SetSize(self, width, height)
		finite(width, height)
		data[self].width, data[self].height = width, height
		placed(self)
	end
	function textureMethods.SetAllPoints(self, frame)
		local d, f = data[self], data[frame]
		f.filled = self
		d.x, d.y, d.width, d.height = 0, 0, f.width or 0, f.height or 0
		placed(self)
	end

	function frameMethods.CreateTexture(_, name, layer)
		assert(name == nil and type(layer) == "string")
		local texture = setmetatable({}, textureMeta)
		local index = #widgets.textures + 1
		widgets.textures[index] = texture
		data[texture] = { index = index }
		draw.create(index)
		return texture
	end
	function frameMethods.SetFrameStrata(_, strata)
		assert(type(strata) == "string")
	end
	function frameMethods.SetFrameLevel(_, level)
		finite(level)
	end
	function frameMethods.SetPoint(self, point, x, y)
		assert(point == "TOPLEFT", "the stand-in knows TOPLEFT only")
		finite(x, y)
	end
	function frameMethods.SetSize(self, width, height)
		finite(width, height)
		local d = data[self]
		d.width, d.height = width, height
		if d.filled then
			textureMethods.SetAllPoints(d.filled, self)
		end
	end
	function frameMethods.SetScript(self, script, handler)
		assert(scripts[script], "unknown script " .. tostring(script))
		assert(handler == nil or type(handler) == "function")
		data[self][script] = handler
	end
	function frameMethods.RegisterEvent(self, event)
		if not knownEvents[event] then
			error("attempt to register the unknown event " .. tostring(event), 2)
		end
		data[self].events[event] = true
	end
	function frameMethods.UnregisterEvent(self, event)
		data[self].events[event] = nil
	end
	function frameMethods.UnregisterAllEvents(self)
		data[self].events = {}
	end

	local environment = {}
	for name, value in pairs(api) do
		environment[name] = value
	end
	function environment.CreateFrame(kind, name, parent)
		assert(kind == "Frame" and name == nil and parent == nil, "the stand-in creates plain, nameless, parentless frames only")
		local frame = setmetatable({}, frameMeta)
		data[frame] = { events = {} }
		widgets.frames[#widgets.frames + 1] = frame
		return frame
	end
	environment.SlashCmdList = {}
	for _, name in ipairs(options.lua) do
		environment[name] = _G[name]
	end
	for _, name in ipairs({ "math", "string", "table" }) do
		environment[name] = {}
		for key, value in pairs(_G[name]) do
			environment[name][key] = value
		end
	end
	environment.string.dump = nil
	environment.bit = options.bit

	local written = {}
	local absent = options.absent -- names an addon may ask for to learn that this client lacks them
	setmetatable(environment, {
		__index = function(_, key)
			if absent[key] then
				return nil
			end
			error("the stand-in client has no global " .. tostring(key), 2)
		end,
		__newindex = function(self, key, value)
			written[#written + 1] = key
			rawset(self, key, value)
		end,
		__metatable = false,
	})

	local client = {}

	function client.load(name, text)
		local chunk, problem = loadstring(text, "@" .. name)
		if not chunk then
			error(problem)
		end
		setfenv(chunk, environment)
		chunk()
	end

	function client.event(event, ...)
		for _, frame in ipairs(widgets.frames) do
			local d = data[frame]
			if d.events[event] and d.OnEvent then
				d.OnEvent(frame, event, ...)
			end
		end
	end

	function client.update(elapsed)
		for _, frame in ipairs(widgets.frames) do
			local d = data[frame]
			if d.OnUpdate then
				d.OnUpdate(frame, elapsed)
			end
		end
	end

	function client.slash(text)
		environment.SlashCmdList["PORTUNUS"](text)
	end

	function client.globals()
		return table.concat(written, " ")
	end

	client.environment = environment
	return client
end

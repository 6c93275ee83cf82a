-- Painter: draws the cells of a frame as coloured rectangles. Only symbols made by the codec ever reach a texture.

local P = Portunus
local floor = math.floor

local ROWS = 4
local LEAD_COLUMNS = 5 -- white, black, three columns of calibration
local TAIL_COLUMNS = 2 -- black, white
local WHITE, BLACK, GREY_1, GREY_2 = 63, 0, 21, 42
-- Column by column: black red green blue / cyan magenta yellow white / dark grey, light grey, and "four levels" said as black, white.
local CALIBRATION = { BLACK, 48, 12, 3, 15, 51, 60, WHITE, GREY_1, GREY_2, BLACK, WHITE }

P.cellPixels = 4

-- Height of the screen in pixels; the interface is 768 units high in every client.
local function physicalHeight()
	if GetPhysicalScreenSize then
		local _, height = GetPhysicalScreenSize()
		return height
	end
	if GetScreenResolutions and GetCurrentResolution then
		local resolution = select(GetCurrentResolution(), GetScreenResolutions())
		local height = type(resolution) == "string" and string.match(resolution, "x(%d+)")
		return tonumber(height)
	end
	return nil
end

local function newTexture(frame, layer)
	local texture = frame:CreateTexture(nil, layer)
	if texture.SetColorTexture then
		texture:SetColorTexture(1, 1, 1, 1)
	else
		texture:SetTexture(1, 1, 1, 1)
	end
	if texture.SetSnapToPixelGrid then
		texture:SetSnapToPixelGrid(false)
		texture:SetTexelSnappingBias(0)
	end
	texture:SetBlendMode("DISABLE")
	return texture
end

local frame, background
local cells = {} -- every cell inside the border, column by column
local shown = {} -- symbol shown by each data cell
local dataCells = 0

local function colour(texture, symbol)
	local blue = symbol % 4
	local green = floor(symbol / 4) % 4
	texture:SetVertexColor(floor(symbol / 16) / 3, green / 3, blue / 3)
end

-- Positions and sizes everything in physical pixels; called again when the screen changes.
function P.layOut()
	local height = physicalHeight()
	if type(height) ~= "number" or height < 100 then
		height = 768
	end
	local pixel = 768 / height
	local cell = P.cellPixels * pixel
	local columns = #cells / ROWS
	frame:SetSize((columns + 2) * cell, (ROWS + 2) * cell)
	for i = 1, #cells do
		local column, row = floor((i - 1) / ROWS), (i - 1) % ROWS
		cells[i]:ClearAllPoints()
		cells[i]:SetPoint("TOPLEFT", frame, "TOPLEFT", (column + 1) * cell, -(row + 1) * cell)
		cells[i]:SetSize(cell, cell)
	end
end

-- Creates the frame and its fixed cells: a parentless frame ignores the interface scale and stays when the interface is hidden.
function P.createBarcode()
	local columns = LEAD_COLUMNS + P.schema.dataColumns + TAIL_COLUMNS
	dataCells = P.schema.dataColumns * ROWS
	frame = CreateFrame("Frame", nil, nil)
	frame:SetFrameStrata("TOOLTIP")
	frame:SetFrameLevel(100)
	frame:SetPoint("TOPLEFT", 0, 0)
	background = newTexture(frame, "BACKGROUND")
	background:SetAllPoints(frame)
	background:SetVertexColor(0, 0, 0)
	for i = 1, columns * ROWS do
		cells[i] = newTexture(frame, "ARTWORK")
		colour(cells[i], BLACK)
	end
	for row = 1, ROWS do
		colour(cells[row], WHITE)
		colour(cells[(columns - 1) * ROWS + row], WHITE)
	end
	for i = 1, #CALIBRATION do
		colour(cells[2 * ROWS + i], CALIBRATION[i])
	end
	for i = 1, dataCells do
		shown[i] = BLACK
	end
	P.layOut()
	return frame
end

local function paintCell(cell, symbol)
	if shown[cell] ~= symbol then
		shown[cell] = symbol
		colour(cells[LEAD_COLUMNS * ROWS + cell], symbol)
	end
end

-- Shows the bytes of a frame; cells that keep their symbol are not touched.
function P.paint(frameBytes, count)
	P.eachSymbol(frameBytes, count, dataCells, paintCell)
end

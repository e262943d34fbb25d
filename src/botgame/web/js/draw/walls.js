// The walls of an arena: one string for each row of cells, "1" for a wall. Everything outside is wall.

export function isWall(walls, column, row) {
  return walls[row]?.[column] !== "0";
}

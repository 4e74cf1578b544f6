// What a style may not say. Pure, so that the rules themselves are tested.
import ts from "typescript";

const SIZES = new Set(["width", "height", "minWidth", "minHeight", "maxWidth", "maxHeight"]);
const SPACES = /^(gap|rowGap|columnGap|[pm][xytrbl]?|(padding|margin)(Top|Right|Bottom|Left|Inline|Block)?)$/;
/** A hairline and what keeps two marks apart; what is more has a step of the scale. */
const HAIR = /^-?[0-2]px$/;

/** What is wrong with the styles of a file, with the line. */
export function styleFaults(name, text) {
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
    const faults = [];
    const fault = (node, why) => faults.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: `${node.getText().split("\n")[0]} ${why}` });
    /** The values that an expression may come to, also behind `? :` and per width of the window. */
    const values = (node) => {
        if (ts.isConditionalExpression(node)) return [...values(node.whenTrue), ...values(node.whenFalse)];
        if (ts.isObjectLiteralExpression(node)) return node.properties.flatMap((property) => (ts.isPropertyAssignment(property) ? values(property.initializer) : []));
        return [node];
    };
    const visit = (node) => {
        if (ts.isPropertyAssignment(node)) {
            const property = node.name.getText();
            for (const value of values(node.initializer)) {
                const number = ts.isNumericLiteral(value);
                const word = ts.isStringLiteralLike(value) ? value.text : null;
                // In MUI's `sx` a width or height of 1 is 100 %, not a pixel.
                if (SIZES.has(property) && number && value.text === "1") fault(node, 'is 100 %; write "1px" or "100%"');
                if (property === "fontSize" && (number || (word !== null && /\d/.test(word)))) fault(node, 'is a size of its own; write one of theme/tokens.ts: "s", "m", …');
                if (SPACES.test(property) && word !== null && /^-?[\d.]+(px|rem|em)$/.test(word) && !HAIR.test(word)) fault(node, "is a space of its own; write a step of the scale: 1 is 8 pixels");
            }
        }
        if (ts.isJsxAttribute(node) && node.name.getText() === "fontSize" && node.initializer && /\d/.test(node.initializer.getText())) fault(node, "is a size of its own; write DRAWN_TEXT");
        // On the element around it a name reaches nobody: what has the role of a dialog is the paper within.
        if (ts.isJsxAttribute(node) && node.name.getText() === "aria-label" && /^(Dialog|Drawer)$/.test(node.parent.parent.tagName.getText())) fault(node, 'names nothing there; write slotProps={{ paper: { "aria-label": … } }}');
        ts.forEachChild(node, visit);
    };
    visit(file);
    return faults;
}

import { Uuid } from "@mosis/types/formats";
import Type from "typebox";

/** Of something that was made, changed or deleted. */
export const IdRow = Type.Object({ id: Uuid });

/** Of something, and of the developer it belongs to. */
export const OwnedRow = Type.Object({ id: Uuid, developer_id: Uuid });

/** An app as others refer to it. */
export const AppIdRow = Type.Object({ id: Uuid, package_id: Type.String() });

export const CountRow = Type.Object({ count: Type.Integer() });

//! Typed access to the columns of a query's answer.

use perennial_lake::arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use perennial_lake::arrow::compute::cast;
use perennial_lake::arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int32Type, Int64Type, UInt32Type,
};
use perennial_lake::arrow::record_batch::RecordBatch;

use crate::Error;

/// A column of `batch` as a primitive array, cast where the engine chose another width.
fn primitive<T: ArrowPrimitiveType>(batch: &RecordBatch, column: &str) -> Result<PrimitiveArray<T>, Error> {
    let unexpected = || Error::Column { column: column.to_owned() };
    let array: &ArrayRef = batch.column_by_name(column).ok_or_else(unexpected)?;
    let array = cast(array, &T::DATA_TYPE).map_err(|_| unexpected())?;
    array.as_primitive_opt::<T>().cloned().ok_or_else(unexpected)
}

macro_rules! accessors {
    ($($name:ident: $type:ty),*) => {$(
        pub(crate) fn $name(batch: &RecordBatch, column: &str) -> Result<PrimitiveArray<$type>, Error> {
            primitive(batch, column)
        }
    )*};
}

accessors!(u32s: UInt32Type, i32s: Int32Type, i64s: Int64Type, f64s: Float64Type, dates: Date32Type);

/// The text of each row of a column of any type.
pub(crate) fn texts(batch: &RecordBatch, column: &str) -> Result<Vec<String>, Error> {
    let unexpected = || Error::Column { column: column.to_owned() };
    let array = batch.column_by_name(column).ok_or_else(unexpected)?;
    let array = cast(array, &perennial_lake::arrow::datatypes::DataType::Utf8).map_err(|_| unexpected())?;
    let array = array.as_string_opt::<i32>().ok_or_else(unexpected)?;
    Ok((0..array.len()).map(|i| array.value(i).to_owned()).collect())
}

/// The value of a row, `None` where it is null.
pub(crate) fn optional<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    array.is_valid(row).then(|| array.value(row))
}
